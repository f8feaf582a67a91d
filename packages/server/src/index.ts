export { repairEntries, verifyEntries } from './capture/verify-entries.ts';
export type { Log, ServerContext, ServerLimits } from './context.ts';
export { type Authenticate, type AuthSettings, MIN_SECRET_BYTES } from './http/auth.ts';
export { originRule } from './http/cors.ts';
export { createLog, type LogSettings, silentLog } from './http/log.ts';
export { openApiDocument } from './http/openapi.ts';
export type { RateSettings } from './http/rate-limit.ts';
export type { LiveSocket } from './live/live-socket.ts';
export type { SocketEvents } from './live/sessions.ts';
export { type Node, type NodeOptions, startNode } from './node.ts';
export { signatureOf, type WebhookSettings } from './operate/alerts/webhook.ts';
export {
  DEVELOPMENT_ISSUER,
  type DevelopmentIssuer,
  developmentIssuer,
} from './operate/development-issuer.ts';
export { type DoctorOptions, doctor } from './operate/doctor.ts';
export type { Finding, FindingCode, Severity } from './operate/finding.ts';
export { prepareDatabase } from './operate/prepare-database.ts';
export { signToken, type TokenRequest } from './operate/token.ts';
export { applyApp, planAppTables } from './postgres/app-tables.ts';
export type { Database, Queryable, QueryResult, Transaction, TransactionMode } from './postgres/database.ts';
export { type Embedded, type EmbeddedOptions, startEmbedded } from './postgres/embedded/start-embedded.ts';
export { migrate, pendingMigrations } from './postgres/migrate.ts';
export { type DatabaseOptions, openDatabase } from './postgres/pg-database.ts';
export { readTableIds } from './postgres/table-ids.ts';
export { createServer, DEFAULT_LIMITS, type SatchelServer, type ServerOptions } from './server.ts';
export { systemClock, systemRandom, systemScheduler } from './system.ts';
