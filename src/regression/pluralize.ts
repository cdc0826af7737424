/** A number with the matching singular or plural: `1 case passed`, `2 cases passed`. */
export function pluralize(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
