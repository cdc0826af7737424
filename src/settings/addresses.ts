const loopback = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i

/** Whether a URL's host is this machine. */
export function isLoopback(url: string): boolean {
  return loopback.test(new URL(url).hostname)
}

/** The address of a server of ours on a host and port. An IPv6 address stands in brackets there. */
export function addressOf(host: string, port?: number | string): string {
  return `http://${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`
}

/** Whether GitHub can send people back to a bot that is known by these: by its address, or because they sit at its own machine. */
export function canSendBack({ publicUrl, host }: { publicUrl: string | undefined; host: string }): boolean {
  return publicUrl !== undefined || isLoopback(addressOf(host))
}

export const postgresUrl = /^postgres(ql)?:\/\/\S+$/
export const notPostgresUrl = 'is not a Postgres URL. Use postgres://USER:PASSWORD@HOST/DATABASE'
