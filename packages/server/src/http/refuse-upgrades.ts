import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Answers upgrades that nobody serves: Node leaves them open for ever once anybody
 * listens for upgrades. `served` is the one path that somebody else answers, while he does.
 */
export const refuseUpgrades = (server: Server, served: () => string | undefined): void => {
  server.on('upgrade', (request, socket: Duplex) => {
    if (request.url?.split('?')[0] === served()) return;
    // A caller who leaves first must not end the process.
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
};
