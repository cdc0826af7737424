import { expect, test } from 'vitest'
import { commandsIn } from '../../src/comments/commands-in.ts'

const hold = (reason?: string) => ({ name: 'hold', reason })

test.each<[string, string, object[]]>([
  ['alone', '/why', [{ name: 'why' }]],
  ['with a reason', '/urgent checkout is down', [{ name: 'urgent', reason: 'checkout is down' }]],
  ['without one', '/hold', [hold()]],
  ['in other letters and with spaces after it', '/Hold \t waits for legal \t', [hold('waits for legal')]],
  [
    'between other lines',
    'This looks wrong.\n/hold the cap is off\nSee the notes.',
    [hold('the cap is off')],
  ],
  ['with the line ends of Windows', 'Please:\r\n\r\n/recheck\r\n', [{ name: 'recheck' }]],
  ['with a reason in Markdown', '/hold `cap` is **off**', [hold('`cap` is **off**')]],
  ['after a quote', '> why is it blocked?\n\n/why', [{ name: 'why' }]],
  ['after code', '```\nlog\n```\n/unhold', [{ name: 'unhold' }]],
  ['after a folded log', '<details>\n\nlog\n\n</details>\n\n/unhold', [{ name: 'unhold' }]],
  ['twice', '/hold a\n/urgent b', [hold('a'), { name: 'urgent', reason: 'b' }]],
])('a command is one %s', (_, text, commands) => {
  expect(commandsIn(text)).toEqual(commands)
})

test.each([
  ['in a sentence', 'Type /urgent it is down to release it'],
  ['after a space', ' /why'],
  ['with more words, where it takes none', '/unhold now'],
  ['that is the beginning of another word', '/holding on'],
  ['that is a path', '/why/not.md'],
  ['that is quoted', '> /urgent it is down'],
  ['that continues a quote without its mark', '> ana wrote\n/urgent it is down'],
  ['in a code block', '```\n/urgent it is down\n```'],
  ['in a code block with longer fences', '````\n```\n/urgent it is down\n```\n````'],
  ['in a code block that does not end', '~~~\n/urgent it is down'],
  ['in an indented code block', 'Like this:\n\n    /urgent it is down'],
  ['in a code span of several lines', 'Type `this:\n/urgent it is down\n` and send'],
  ['in a list', '- first\n- /urgent it is down\n'],
  ['that continues a list', '- first\n/urgent it is down'],
  ['in a table', '| a |\n|---|\n/urgent it is down\n'],
  ['in a heading', '# Release\n/urgent it is down\n==='],
  ['in an HTML comment', '<!--\n/urgent it is down\n-->'],
  ['in an HTML comment within a paragraph', 'Thanks <!--\n/urgent it is down\n-->'],
  ['in an HTML comment that does not end', '<!--\n\n/urgent it is down'],
  ['in preformatted HTML', '<pre>\n\n/urgent it is down\n\n</pre>'],
  ['in quoted HTML', '<blockquote>\n\n/urgent it is down\n\n</blockquote>'],
  ['in a folded part', '<details><summary>Log</summary>\n\n/urgent it is down\n\n</details>'],
  ['with a full-width slash', '／urgent it is down'],
  ['with a division slash', '∕urgent it is down'],
  ['with a Cyrillic letter', '/urgеnt it is down'],
  ['with a Kelvin sign', '/rechec\u212a'],
  ['with an invisible character', '/ur\u200bgent it is down'],
  ['after an invisible character', '\u200b/urgent it is down'],
  ['after a line separator that Markdown does not know', 'text\u2028/urgent it is down'],
  ['with a no-break space', '/urgent\u00a0it is down'],
  ['in an overlong comment', `/why\n\n${'a'.repeat(10_000)}`],
])('a command is not one %s', (_, text) => {
  expect(commandsIn(text)).toEqual([])
})
