/** A text of any length for a report. It must be redacted already: what is cut through can no longer be recognised. */
export function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text
}
