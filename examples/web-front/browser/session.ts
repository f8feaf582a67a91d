/** Who is signed in at this window. */
export interface Session {
  readonly server: string;
  readonly user: {
    readonly id: string;
    readonly name: string;
    readonly claims: Readonly<Record<string, string>>;
  };
  readonly token: string;
  /** Everybody who may sign in, for further windows. */
  readonly windows: readonly { readonly id: string; readonly name: string }[];
}

/** A network that answers nothing does not hold up the start for longer, in milliseconds. */
const ANSWERS_WITHIN = 1_500;

/** `?as=manager` names who is signed in at this window. */
const as = (): string => new URLSearchParams(location.search).get('as') ?? '';
const place = (): string => `session:${as()}`;

const kept = (): Session | null => JSON.parse(localStorage.getItem(place()) ?? 'null') as Session | null;

const renewed = async (): Promise<Session> => {
  const answer = await fetch(`/session.json?as=${encodeURIComponent(as())}`, {
    signal: AbortSignal.timeout(ANSWERS_WITHIN),
  });
  if (!answer.ok) throw new Error(`session: ${answer.status}`);
  const session = (await answer.json()) as Session;
  localStorage.setItem(place(), JSON.stringify(session));
  return session;
};

/** Signs in, or, with no network, goes on as the last time; null where there was none. */
export const openSession = (): Promise<Session | null> => renewed().catch(kept);

/** The newest token of this window's user. */
export const newestToken = (): string | null => kept()?.token ?? null;
