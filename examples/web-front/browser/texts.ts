import { saying, type TextTable } from './language.tsx';

const en = {
  goOffline: 'Go offline',
  goOnline: 'Go online',
  pages: 'Pages',
  toContent: 'Skip to content',
  thisWindow: 'This window',
  language: 'Language',
  look: 'Look',
  lookSystem: 'As the device',
  lookLight: 'Light',
  lookDark: 'Dark',
  openAs: 'Open another window as',
  firstStart: 'The first start needs a network.',
  firstStartHelp: 'Once it was opened, it starts without.',
};
export type FrontText = keyof typeof en;

/** What every front says. */
export const FRONT_TEXTS: TextTable<FrontText> = {
  en,
  hi: {
    goOffline: 'ऑफ़लाइन जाएँ',
    goOnline: 'ऑनलाइन आएँ',
    pages: 'पन्ने',
    toContent: 'सीधे सामग्री पर जाएँ',
    thisWindow: 'यह विंडो',
    language: 'भाषा',
    look: 'रूप',
    lookSystem: 'डिवाइस जैसा',
    lookLight: 'उजला',
    lookDark: 'गहरा',
    openAs: 'दूसरी विंडो खोलें, इस नाम से',
    firstStart: 'पहली बार खोलने के लिए नेटवर्क चाहिए।',
    firstStartHelp: 'एक बार खुलने के बाद यह बिना नेटवर्क के शुरू होता है।',
  },
  ar: {
    goOffline: 'قطع الاتصال',
    goOnline: 'إعادة الاتصال',
    pages: 'الصفحات',
    toContent: 'الانتقال إلى المحتوى',
    thisWindow: 'هذه النافذة',
    language: 'اللغة',
    look: 'المظهر',
    lookSystem: 'كما في الجهاز',
    lookLight: 'فاتح',
    lookDark: 'داكن',
    openAs: 'فتح نافذة أخرى باسم',
    firstStart: 'يحتاج التشغيل الأول إلى شبكة.',
    firstStartHelp: 'بعد فتحه مرة واحدة يعمل من دونها.',
  },
};

export const useFrontText = saying(FRONT_TEXTS);
