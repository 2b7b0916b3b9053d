const MOST = 36_500;

/** Days as typed; null for none (the server's), undefined where it is no such number. */
export function daysOf(typed: string): number | null | undefined {
  const text = typed.trim();
  if (text === "") return null;
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const days = Number(text);
  return days <= MOST ? days : undefined;
}
