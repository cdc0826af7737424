import { findPhoneNumbersInText } from 'libphonenumber-js/min'

/**
 * What a value looks like that could belong to a person; undefined for everything else. The whole value is read, in time
 * that grows with its length alone: what stands in a table may have been written to make it long.
 */
export function personal(value: string): 'e-mail address' | 'phone number' | 'wallet' | undefined {
  if (holdsAddress(value)) return 'e-mail address'
  if (/0x[0-9a-f]{40}(?![0-9a-f])/i.test(value)) return 'wallet'
  return holdsPhoneNumber(value) ? 'phone number' : undefined
}

/** Domains that RFC 2606 keeps for examples reach nobody. */
const reservedDomain = /(^|\.)(example|test|invalid|localhost|example\.(com|net|org))$/i
const domainAtStart = /^(?:[\w-]{1,63}\.)+[a-z]{2,24}/i
const LONGEST_DOMAIN = 253

function holdsAddress(text: string): boolean {
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    if (!/[\w.+-]/.test(text.charAt(at - 1))) continue
    const domain = domainAtStart.exec(text.slice(at + 1, at + 1 + LONGEST_DOMAIN))?.[0]
    if (domain !== undefined && !reservedDomain.test(domain)) return true
  }
  return false
}

/** Only a plus makes a number international. The shortest ones have six digits. */
const maybePhone = /[+\uFF0B](?:[^\p{Nd}+\uFF0B]{0,4}\p{Nd}){6}/u

/** The search for numbers is slow on long texts, so it reads one window after the other. */
const WINDOW = 2000
/** The longest text that can be one number, so no number is cut by both of two windows. */
const OVERLAP = 250
/** How much before a window is read with it: what stands before a number can make it none. */
const BEFORE = 50

function holdsPhoneNumber(text: string): boolean {
  for (let from = 0; from < text.length; from += WINDOW - OVERLAP) {
    const begin = Math.max(0, from - BEFORE)
    const window = text.slice(begin, from + WINDOW)
    if (!maybePhone.test(window)) continue
    // What begins within the overlap may be cut at its end; the next window has it whole.
    const end = from + WINDOW < text.length ? from + WINDOW - OVERLAP : text.length
    if (findPhoneNumbersInText(window).some(({ startsAt }) => begin + startsAt < end)) return true
  }
  return false
}
