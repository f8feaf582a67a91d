import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Backup, copyRows, dump, installedDump } from './epoch/backups.ts';
import { Cluster, type ClusterOptions } from './epoch/cluster.ts';
import { DATABASE, FieldDay } from './epoch/field-day.ts';
import { stockApp } from './epoch/stock-app.ts';

/*
 * The history of the database changes under a server that goes on running and under
 * devices that nobody touches. A dump is made with pg_dump on a cluster of its version
 * where a distribution's PostgreSQL of 15 or later is installed under
 * /usr/lib/postgresql (npm's packages have no pg_dump); elsewhere its rows are copied
 * in SQL, on npm's PostgreSQL. Which one it was is printed.
 */
describe('epoch', () => {
  const clusters: Cluster[] = [];
  const days: FieldDay[] = [];
  afterEach(async () => {
    for (const day of days.splice(0)) await day.end();
    for (const cluster of clusters.splice(0)) await cluster.remove();
  });
  const newCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
    const cluster = new Cluster(options);
    clusters.push(cluster);
    await cluster.start();
    return cluster;
  };
  const begin = async (cluster: Cluster): Promise<FieldDay> => {
    const day = await FieldDay.begin(cluster);
    days.push(day);
    await day.work(1);
    return day;
  };
  const backUp = (cluster: Cluster): Promise<Backup> => {
    const tool = installedDump();
    return tool ? dump(cluster, DATABASE, tool.folder) : copyRows(cluster, DATABASE, stockApp);
  };
  const told = (what: string, day: FieldDay, began: number, more = ''): void =>
    console.log(
      `[POINT-5] ${what}: ${day.mutations} mutations of three devices, converged ${Math.round(performance.now() - began)} ms after it${more}`,
    );

  it('[POINT-5] a dump restored into the same cluster: work settled since comes back from the devices', async () => {
    const cluster = await newCluster({ major: installedDump()?.major });
    const day = await begin(cluster);
    const backup = await backUp(cluster);
    await day.work(2);
    await day.clashes(cluster);
    const before = await day.rows(cluster);
    await day.workAway('cleo');

    day.cutOff();
    await cluster.dropDatabase(DATABASE);
    await cluster.createDatabase(DATABASE);
    await backup.restore(cluster, DATABASE);
    await backup.discard();
    expect(Object.keys((await day.rows(cluster)).sales ?? {}).length).toBe(3);
    const began = performance.now();
    day.leadTo(cluster);
    await day.comeBack(cluster, ['ana', 'ben', 'cleo']);
    await day.converge(cluster);
    told(`restored into the same cluster with ${backup.tool}`, day, began);
    await day.checkAll(cluster, before, { plainLost: true });
  }, 120_000);

  it('[POINT-5] a copy of the rows restored into a new cluster, devices back in the other order', async () => {
    const old = await newCluster();
    const day = await begin(old);
    const backup = await copyRows(old, DATABASE, stockApp);
    await day.work(2);
    await day.clashes(old);
    const before = await day.rows(old);
    await day.workAway('cleo');
    day.device('ana').setOnline(false);
    day.device('ben').setOnline(false);

    day.cutOff();
    const cluster = await newCluster();
    await cluster.createDatabase(DATABASE);
    await backup.restore(cluster, DATABASE);
    await old.stop();
    const began = performance.now();
    day.leadTo(cluster);
    await day.comeBack(cluster, ['cleo', 'ben', 'ana']);
    await day.converge(cluster);
    told(`restored into a new cluster with ${backup.tool}`, day, began);
    await day.checkAll(cluster, before, { plainLost: true });
  }, 120_000);

  it('[POINT-5] a data directory put back', async () => {
    const cluster = await newCluster();
    const day = await begin(cluster);
    const copy = mkdtempSync(join(tmpdir(), 'satchel-cold-copy-'));
    try {
      day.cutOff();
      await cluster.stop();
      cluster.copyTo(copy);
      await cluster.start();
      day.leadTo(cluster);
      await day.work(2);
      await day.clashes(cluster);
      const before = await day.rows(cluster);
      await day.workAway('cleo');
      day.device('ana').setOnline(false);

      day.cutOff();
      await cluster.stop();
      cluster.putBack(copy);
      await cluster.start();
      const began = performance.now();
      day.leadTo(cluster);
      await day.comeBack(cluster, ['ben', 'cleo', 'ana']);
      await day.converge(cluster);
      told('data directory put back', day, began);
      await day.checkAll(cluster, before, { plainLost: true });
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }, 120_000);

  it('[POINT-5] a copy of the running server put back: the history is cut in its middle, and what nobody offers is found by value', async () => {
    const cluster = await newCluster();
    const day = await begin(cluster);
    const copy = mkdtempSync(join(tmpdir(), 'satchel-hot-copy-'));
    try {
      await cluster.copyRunningTo(copy);
      await day.work(2);
      await day.clashes(cluster);
      const before = await day.rows(cluster);
      await day.workAway('cleo');
      day.device('ben').setOnline(false);

      day.cutOff();
      await cluster.stop();
      cluster.putBack(copy);
      await cluster.start();
      const began = performance.now();
      day.leadTo(cluster);
      await day.comeBack(cluster, ['cleo', 'ana', 'ben']);
      await day.converge(cluster);
      told('copy of the running server put back', day, began);
      await day.checkAll(cluster, before, { plainLost: true });
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }, 120_000);

  it('[POINT-5] kill -9 of PostgreSQL: nothing that was acknowledged is lost, nothing is applied twice', async () => {
    const cluster = await newCluster({ durable: true });
    const day = await begin(cluster);
    await day.work(2);
    await day.clashes(cluster);
    const before = await day.rows(cluster);
    await day.workAway('cleo');

    await cluster.kill();
    day.cutOff();
    await cluster.start();
    const began = performance.now();
    day.leadTo(cluster);
    await day.comeBack(cluster, ['ana', 'ben', 'cleo']);
    await day.converge(cluster);
    told('kill -9', day, began);
    await day.checkAll(cluster, before, { plainLost: false });
  }, 120_000);
});
