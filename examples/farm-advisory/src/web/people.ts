import type { People } from '@satchel-examples/web-front';

/** Who may sign in to the demonstration, each in the app that is theirs. */
export const PEOPLE: People = {
  agent: { name: 'Field agent', roles: ['agent'], claims: { region: 'north' }, channel: 'agent' },
  farmer: { name: 'Farmer 1', roles: ['farmer'], claims: { region: 'north' }, channel: 'mobile' },
  'farmer-2': { name: 'Farmer 2', roles: ['farmer'], claims: { region: 'south' }, channel: 'mobile' },
};
