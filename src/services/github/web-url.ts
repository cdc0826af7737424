/** GitHub's web address for an API root: `https://HOST/api/v3` of an Enterprise Server, or `api.` of the cloud. */
export function webUrl(apiUrl: string): string {
  const { origin, hostname } = new URL(apiUrl)
  return hostname.startsWith('api.') ? origin.replace('//api.', '//') : origin
}
