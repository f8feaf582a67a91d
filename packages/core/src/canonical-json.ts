import type { Json } from '@satchel/protocol';

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The one text of a JSON value: names sorted by code unit, no spaces, numbers as
 * JavaScript writes them, `-0` as `0`. Equal values give equal texts.
 *
 * @example canonicalJson({ b: 1, a: [true, null] }) // '{"a":[true,null],"b":1}'
 */
export const canonicalJson = (value: Json): string => {
  if (Array.isArray(value)) {
    let text = '[';
    for (const member of value as readonly Json[]) text += (text === '[' ? '' : ',') + canonicalJson(member);
    return `${text}]`;
  }
  if (!isObject(value)) return JSON.stringify(value);
  let text = '{';
  for (const name of Object.keys(value).sort())
    text += `${text === '{' ? '' : ','}${quoted(name)}:${canonicalJson(value[name]!)}`;
  return `${text}}`;
};

/** Names are mostly words, which need no escapes: looking is quicker than `JSON.stringify`. */
const quoted = (name: string): string => (/^\w+$/.test(name) ? `"${name}"` : JSON.stringify(name));

/** Whether two JSON values are the same, whatever the order of names. */
export const equalJson = (a: Json, b: Json): boolean => {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return false;
    return a.length === b.length && a.every((member: Json, index) => equalJson(member, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && equalJson(a[name]!, b[name]!))
  );
};
