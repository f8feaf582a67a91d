import type { WireName } from './wire-schemas.ts';

/** What a schema is for; and its form, where the schema itself is a check by hand. */
export const SCHEMA_NOTES: Readonly<Record<WireName, Readonly<Record<string, unknown>>>> = {
  AckRequest: { description: 'What a client has durably settled.' },
  AckResponse: { description: 'The time of the server.' },
  BatchRecord: { description: 'A push request as it came, and what became of its mutations.' },
  Change: {
    description:
      'The effect of a mutation on one row: `insert` with every column, `update` with those that changed, `delete` with none. `confirmed` is the server-confirmed state that the user edited, `seen` the pending values that he saw instead.',
  },
  ChangeOutcome: {
    description: 'What became of one change; `row` is the row afterwards where the sender cannot know it.',
  },
  ClientList: { description: 'Clients, as the server knows them.' },
  ClientRecord: {
    description: 'One local database on one device. `clockOffset` is server minus device, in milliseconds.',
  },
  ClientReport: { description: 'What a client says of itself; never trusted for rights.' },
  Comparison: { description: 'A comparison on one readable column; a filter is the AND of its comparisons.' },
  Confirmed: { description: 'Version and values of a row as the server last confirmed them.' },
  Conflict: { description: "The durable record of a clash, in the receiver's view." },
  ConflictList: { description: 'Newest first; `next` is the `after` of the page that follows.' },
  DigestRequest: { description: 'Do both sides hold the same at this cursor?' },
  DigestResponse: {
    description: 'By scope: `known` with digests by table, `behind` (pull first) or `gone`.',
  },
  EmptyRequest: { description: 'Nothing.' },
  ErrorAnswer: { description: 'The body of every error; `code` is of the table above.' },
  EscalateRequest: { description: 'Why it is handed on.' },
  GoneLine: { description: 'Rows that went from a scope: `deleted`, or `left` it.' },
  HeadLine: {
    description:
      'The first line of a page. `from`: digest of the cursor that it starts from. `offer`: work settled earlier is to be offered again.',
  },
  HistoryEntry: { description: 'One thing that happened to a row.' },
  Json: { description: 'Any JSON.' },
  Mutation: { description: 'The changes of one local transaction, applied as one or not at all.' },
  Offer: { description: 'What a settled mutation brings along when the history of the server changed.' },
  Outcome: { description: 'The final answer to a mutation: the gravest of what became of its changes.' },
  OutcomesLine: {
    description: "Outcomes of the receiver's own mutations, visible in the same snapshot as the rows.",
  },
  PageLine: { description: 'One line of a page.' },
  Problem: { description: 'An error as data: code and values for its text.' },
  PullRequest: { description: 'What is new since the cursor (`null`: everything).' },
  PushAnswer: { description: '`outcome` settles; `held` and `needs-earlier` settle nothing.' },
  PushRequest: { description: 'Some mutations of one client.' },
  PushResponse: { description: 'Answers in the order of the mutations.' },
  ReplayRequest: { description: 'With `dryRun` nothing is kept.' },
  ReplayResponse: { description: 'Answers as to the push itself.' },
  ResolveRequest: { description: 'Whole by `decision`, or field by field.' },
  RevokeRequest: { description: "`lock` or `wipe`; default as the app's `onRevoke`." },
  RowHistory: { description: 'Newest first.' },
  RowsLine: { description: 'Rows present in a scope, as columns: `columns.name[i]` belongs to `keys[i]`.' },
  RowsRequest: { description: 'Rows by key.' },
  RowsResponse: { description: 'Those of them that are in the scope.' },
  ScopeLine: { description: "A scope begins to be copied, is copied anew, or is no longer the client's." },
  Seen: { description: 'A pending value that the user saw, and the mutation that wrote it.' },
  SeqRanges: { description: 'Ranges of `seq` of one run, both ends included.' },
  StatusResponse: { description: 'What the server knows of the caller.' },
  Subscription: { description: 'What a client asks for among its scopes; absent: everything.' },
  SweptLine: { description: 'The copy of a scope is complete: rows that were not replaced go.' },
  TailLine: { description: 'The last line of a page: the next cursor, and whether there is more.' },
  Values: {
    type: 'object',
    additionalProperties: { $ref: '#/components/schemas/Json' },
    propertyNames: { maxLength: 128 },
    description: 'Values of some columns of a row, by name, in canonical form.',
  },
  VersionsRequest: { description: 'Keys and versions of one table of one scope.' },
  VersionsResponse: { description: 'In the order of keys; `more`: ask again after the last.' },
};
