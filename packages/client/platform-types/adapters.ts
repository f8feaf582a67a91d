// The modules of React Native have the shapes that the adapters ask for.
import * as opSqlite from '@op-engineering/op-sqlite';
import NetInfo from '@react-native-community/netinfo';
import {
  expoDrivers,
  expoNetwork,
  mmkvSettings,
  netInfoNetwork,
  opSqliteDrivers,
} from '@satchel/client/react-native';
import * as Network from 'expo-network';
import * as SQLite from 'expo-sqlite';
import type { MMKV } from 'react-native-mmkv';

declare const mmkv: MMKV;
const settings = mmkvSettings(mmkv);
export const drivers = [expoDrivers(SQLite, settings), opSqliteDrivers(opSqlite, settings)];
export const networks = [netInfoNetwork(NetInfo), expoNetwork(Network)];

// @ts-expect-error A module of another shape is refused: the check above can fail.
expoDrivers({ openDatabaseSync: (name: number) => name }, settings);
// @ts-expect-error Results are objects with rows.
opSqliteDrivers({ open: () => ({ executeSync: () => 'text' }) }, settings);
// @ts-expect-error States are objects.
netInfoNetwork({ addEventListener: (heard: (state: number) => void) => heard });
