/** Values that came from elsewhere, such as a link: what is a record, and what in it is of a kind. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The entries of a record that are of a kind; none where there is no record. */
export function only<Kind>(
  record: unknown,
  isKind: (value: unknown) => value is Kind,
): Record<string, Kind> {
  const entries = isRecord(record) ? Object.entries(record) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, Kind] => isKind(entry[1])));
}
