/** Who is signed in at this window. */
export interface Session {
  readonly server: string;
  readonly user: { readonly id: string; readonly name: string; readonly storeId: string };
  readonly token: string;
}

const nameOf = (as: string): string => `session:${as}`;

/** Signs in, or, with no network, goes on as the last time: `?as=manager` names somebody else. */
export const openSession = async (): Promise<Session | null> => {
  const as = new URLSearchParams(location.search).get('as') ?? '';
  const kept = localStorage.getItem(nameOf(as));
  if (kept !== null) {
    renew(as).catch(() => {
      // No network: the kept session goes on.
    });
    return JSON.parse(kept) as Session;
  }
  return renew(as).catch(() => null);
};

const renew = async (as: string): Promise<Session> => {
  const answer = await fetch(`/session.json?as=${encodeURIComponent(as)}`);
  if (!answer.ok) throw new Error(`session: ${answer.status}`);
  const session = (await answer.json()) as Session;
  localStorage.setItem(nameOf(as), JSON.stringify(session));
  return session;
};

/** The newest token of this user. */
export const tokenOf = (session: Session): string => {
  const kept = Object.keys(localStorage)
    .filter((name) => name.startsWith('session:'))
    .map((name) => JSON.parse(localStorage.getItem(name) ?? 'null') as Session | null)
    .find((one) => one?.user.id === session.user.id);
  return kept?.token ?? session.token;
};
