/** What the device knows of its network. */
export interface NetworkState {
  readonly online: boolean;
  readonly kind: 'wifi' | 'cellular' | 'ethernet' | 'unknown';
}

/** Tells when the network changes; platforms give one each. */
export interface NetworkSource {
  state(): NetworkState;
  /** Returns a function that ends the calls. */
  onChange(heard: (state: NetworkState) => void): () => void;
}

/** For servers and desktops: always there; a lost connection shows by its failure. */
export const steadyNetwork: NetworkSource = {
  state: () => ({ online: true, kind: 'unknown' }),
  onChange: () => () => {},
};
