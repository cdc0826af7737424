/** A number with the words that agree with it: `1 case holds`, `2 cases hold`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
