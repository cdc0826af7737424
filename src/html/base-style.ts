/**
 * What all pages of release-gate share: colors for light and dark, type, links, forms and buttons. Readable at 375 px. Every color of
 * text has a contrast of at least 4.5 to 1 on its background in both themes.
 */
export const baseStyle = `
:root { color-scheme: light dark; --bg: light-dark(#fff, #16181d); --raised: light-dark(#f6f7f9, #1f2229); --text: light-dark(#1b1b1f, #e8e8ec);
  --muted: light-dark(#55575f, #a6a9b3); --line: light-dark(#d9dbe1, #353841); --accent: light-dark(#0b57d0, #8ab4f8);
  --button: light-dark(#0b57d0, #a8c7fa); --on-button: light-dark(#fff, #062e6f); --bad: light-dark(#b3261e, #ff8a80);
  --good: light-dark(#1a7f37, #56d364); --wait: light-dark(#8a5a00, #e3b341) }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; background: var(--bg); color: var(--text) }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
a { color: var(--accent) }
label, legend { display: block; font-weight: 600 }
fieldset { border: 1px solid var(--line); border-radius: .4rem; margin: 0 0 1.25rem; padding: .75rem 1rem 1rem }
fieldset label { font-weight: 400 }
input[type=text], input[type=url], input[type=search], input[type=date], input[type=datetime-local], select { width: 100%; font: inherit; padding: .5rem .6rem; border: 1px solid light-dark(#777, #8a8d96); border-radius: .3rem; background: light-dark(#fff, #23262d); color: inherit }
input[aria-invalid=true] { border: 2px solid var(--bad) }
.hint { margin: .25rem 0 0; font-size: .9rem }
.error { color: var(--bad); font-weight: 600 }
.note { border-left: .3rem solid #b58105; padding: .25rem .75rem; margin: 1rem 0 }
button, .button { display: inline-block; font: inherit; font-weight: 600; padding: .6rem 1.1rem; border: 0; border-radius: .4rem; background: var(--button); color: var(--on-button); text-decoration: none; cursor: pointer }
:focus-visible { outline: .2rem solid var(--accent); outline-offset: .15rem }
code, pre { font: .9em ui-monospace, monospace }
pre { white-space: pre-wrap; padding: .75rem; border: 1px solid var(--line); border-radius: .4rem }
`
