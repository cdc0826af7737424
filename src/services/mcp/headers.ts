/** Adds headers to requests of one origin. What the SDK asks elsewhere, for a login, must not have them. */
export function withHeaders(
  base: typeof fetch,
  { url: server, headers: own }: { url: string; headers?: Record<string, string> },
): typeof fetch {
  if (!own) return base
  const { origin } = new URL(server)
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (new URL(url).origin !== origin) return base(input, init)
    const headers = new Headers(init?.headers)
    for (const [name, value] of Object.entries(own)) headers.set(name, value)
    return base(input, { ...init, headers })
  }
}
