// Holds a database open with a transaction half done, until it is killed.
import Database from 'better-sqlite3';

const db = new Database(process.argv[2], { timeout: 0 });
db.pragma('locking_mode = exclusive');
db.pragma('journal_mode = wal');
db.exec('create table if not exists kept (v); insert into kept values (1)');
db.exec('begin immediate; insert into kept values (2)');
process.stdout.write('held\n');
setInterval(() => undefined, 1_000);
