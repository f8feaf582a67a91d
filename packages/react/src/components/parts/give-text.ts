/** Hands a text to the person as a file. */
export const giveFile = (name: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
};

/** Puts a text on the clipboard; where there is none, or it is refused, hands it over as a file. */
export const copyText = async (name: string, text: string): Promise<void> => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard beside https, or the person said no.
    giveFile(name, text);
  }
};
