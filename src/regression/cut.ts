/** Truncates a text for a report. It must already be redacted, since a truncated secret can no longer be recognized. */
export function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text
}
