/** Light, dark, or what the device says. */
export const LOOKS = ['system', 'light', 'dark'] as const;
export type Look = (typeof LOOKS)[number];

const PLACE = 'look';

export const keptLook = (): Look => LOOKS.find((look) => look === localStorage.getItem(PLACE)) ?? 'system';

/** Style sheets read `data-theme` of the document. */
export const applyLook = (look: Look): void => {
  if (look === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = look;
};

export const chooseLook = (look: Look): void => {
  localStorage.setItem(PLACE, look);
  applyLook(look);
};
