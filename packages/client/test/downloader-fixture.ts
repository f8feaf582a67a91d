import { VirtualTime } from '@satchel/testing/virtual-time';
import type { EnginePort } from '../src/engine-port.ts';
import { Downloader, type DownloaderGiven } from '../src/sync/downloader.ts';
import type { Transport } from '../src/sync/transport.ts';

/** A downloader that may go on for ever, between a port and a road to the server. */
export const downloaderOf = (
  port: EnginePort,
  transport: Pick<Transport, 'pull'>,
  took: DownloaderGiven['took'] = () => {},
): Downloader =>
  new Downloader({
    port,
    transport: transport as Transport,
    clock: new VirtualTime(),
    schemaVersion: 1,
    clientId: () => 'c',
    subscription: () => undefined,
    clientReport: () => ({}),
    mayGo: () => true,
    took,
    answered: () => {},
  });
