export type {
  Driver,
  DriverFactory,
  Durability,
  SqlRow,
  SqlValue,
  Statement as DriverStatement,
} from './database/driver.ts';
export { databaseName, databasePrefix } from './database-name.ts';
export type {
  Engine,
  EngineFacts,
  MeterEntry,
  OutboxEntry,
  OutboxState,
  QuarantineEntry,
  RowState,
  SyncRun,
  Written,
} from './engine.ts';
export { hostEngine } from './engine-host.ts';
export type { Channel, EngineAnswer, EngineRequest } from './engine-message.ts';
export { type EnginePort, localPort } from './engine-port.ts';
export { remotePort } from './engine-remote.ts';
export type { Conflicts } from './face/conflicts.ts';
export type { Journal, RefusedWrite } from './face/journal.ts';
export type { Outbox } from './face/outbox.ts';
export type { Quarantine } from './face/quarantine.ts';
export type { Settings } from './face/settings.ts';
export type { SyncControl } from './face/sync-control.ts';
export type { LiveQuery } from './live/live-queries.ts';
export { diffRows, type RowDiff } from './live/row-diff.ts';
export { type RowOf, type RowReader, rowReader, type TypedQuery, tableRowReader } from './live/row-reader.ts';
export type { OpenEngine, Platform } from './platform.ts';
export { openSatchel, type Satchel, type SatchelOptions, type Statement } from './satchel.ts';
export type { SyncStatus } from './status.ts';
export type { DeviceSettings } from './sync/device-settings.ts';
export { mediaLanes } from './sync/gates.ts';
export type {
  HttpAnswer,
  HttpExchange,
  HttpRequest,
  Socket,
  SocketEvents,
  SocketOpener,
} from './sync/http-exchange.ts';
export { httpTransport } from './sync/http-transport.ts';
export { type NetworkSource, type NetworkState, steadyNetwork } from './sync/network.ts';
export type {
  LiveConnection,
  LiveOpen,
  Metered,
  PullAnswer,
  TokenSource,
  Transport,
} from './sync/transport.ts';
export type { VerifyReport } from './sync/verify.ts';
