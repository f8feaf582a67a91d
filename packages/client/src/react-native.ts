export {
  type ExpoDatabase,
  type ExpoResult,
  type ExpoSqlite,
  type ExpoStatement,
  type ExpoValue,
  expoDrivers,
} from './platform/expo/expo-driver.ts';
export {
  type OpDatabase,
  type OpResult,
  type OpSqlite,
  type OpValue,
  opSqliteDrivers,
} from './platform/op-sqlite/op-sqlite-driver.ts';
export {
  type AppState,
  type ExpoNetwork,
  type ExpoNetworkState,
  expoNetwork,
  type NetInfo,
  type NetInfoState,
  netInfoNetwork,
  onForeground,
} from './platform/react-native/network.ts';
export {
  type ReactNativePlatformOptions,
  reactNativePlatform,
} from './platform/react-native/react-native-platform.ts';
export { type Mmkv, mmkvSettings, type SmallSettings } from './platform/settings/small-settings.ts';
