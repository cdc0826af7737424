import { baseStyle } from '../../html/base-style.ts'

/** The stylesheet of the board. */
export const boardStyle = `${baseStyle}
body { max-width: 76rem; padding-top: 0 }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
#updated:not(.visually-hidden) { position: sticky; bottom: 0; margin: 0; padding: .5rem 1rem; background: Canvas; border-top: 1px solid }
.skip { position: absolute; left: -99rem } .skip:focus { left: 1rem; top: .5rem; background: var(--bg); padding: .25rem .5rem; z-index: 1 }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: center; border-bottom: 1px solid var(--line); padding: .75rem 0; margin-bottom: 1rem }
header .brand { font-weight: 700; color: var(--text); text-decoration: none }
header nav ul { display: flex; flex-wrap: wrap; gap: .25rem .25rem; list-style: none; margin: 0; padding: 0 }
header nav a { display: block; padding: .3rem .6rem; border-radius: .4rem; text-decoration: none; color: var(--text) }
header nav a:hover { background: var(--raised) } header nav a[aria-current] { background: var(--raised); font-weight: 600; box-shadow: inset 0 -2px var(--accent) }
header form { margin-left: auto; font-size: .9rem; color: var(--muted) }
header button, button.plain { background: none; color: var(--accent); padding: .3rem; margin: 0; text-decoration: underline; font-weight: 400 }
h3 { font-size: .95rem; margin: .75rem 0 .25rem }
h2 .count, .chip .count { font-weight: 500; color: var(--muted); font-size: .9em }
.muted, .meta, .hint, .who, .stamp { color: var(--muted) } .meta, .who, .stamp, .hint { font-size: .875rem }
q { quotes: '“' '”' }
.window { border: 1px solid var(--line); border-left: .3rem solid var(--edge); border-radius: .5rem; background: var(--raised); padding: .75rem 1rem; margin: 0 0 .75rem }
.window p { margin: .15rem 0 } .window .headline { font-size: 1.35rem; font-weight: 650; line-height: 1.3 }
.passed, .green { --edge: var(--good) } .waiting, .queued { --edge: var(--wait) } .failed, .exception { --edge: var(--bad) } .ready { --edge: var(--accent) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .5rem; list-style: none; margin: 1rem 0; padding: 0 }
.tile { display: flex; gap: .5rem; align-items: baseline; padding: .5rem .75rem; border: 1px solid var(--line); border-top: .2rem solid var(--edge); border-radius: .5rem; color: inherit; text-decoration: none }
.tile:hover { background: var(--raised) } .tile strong { font-size: 1.35rem; line-height: 1.2 }
.columns { display: grid; gap: 0 2.5rem } @media (min-width: 60rem) { .columns { grid-template-columns: minmax(0, 1fr) 20rem } }
.pulls { list-style: none; margin: .5rem 0; padding: 0 }
.pulls > li { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 1rem; padding: .45rem 0 .45rem .75rem; border-left: .2rem solid var(--edge, var(--line)); border-bottom: 1px solid var(--line) }
.pulls > li > a, .pulls > li > strong { font-weight: 600 } .pulls .check { grid-column: 1 } .pulls .who { grid-column: 1 }
@media (min-width: 44rem) { .pulls > li { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) } .pulls .check { grid-column: 2; grid-row: 1 } .pulls .meta { grid-column: 1 } .pulls .who { grid-column: 2 } }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; align-items: center; font-size: .875rem }
.chip { border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .6rem; text-decoration: none; color: inherit } .chip:hover { background: var(--raised) }
.filter { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: 1rem 0 } .filter p { margin: 0; flex: 1 1 10rem; max-width: 22rem }
.plain { list-style: none; padding: 0; margin: .5rem 0 } .plain li { margin-bottom: .35rem } .done { font-weight: 600 }
.pager { display: flex; gap: 1rem; list-style: none; padding: 0 }
dl.facts { margin: .5rem 0 } dl.facts dt { font-weight: 600 } dl.facts dd { margin: 0 0 .5rem }
.badge { display: inline-block; padding: 0 .5rem; border: 1px solid var(--edge); border-radius: 1rem; font-size: .8rem; font-weight: 650; color: var(--edge); white-space: nowrap }
.standing { border-left: .3rem solid var(--edge, var(--line)); padding: .5rem .75rem; background: var(--raised); border-radius: .3rem; font-weight: 600 } .standing .muted, .standing time { font-weight: 400 }
.tree { list-style: none; padding: 0; margin: .5rem 0 } .tree > li { border-left: .2rem solid var(--edge); padding: .35rem 0 .35rem .75rem; margin-bottom: .5rem }
.tree p { margin: .35rem 0 } .tree ul { margin: .25rem 0; padding-left: 1.25rem } summary { cursor: pointer }
.timeline { list-style: none; margin: .5rem 0; padding: 0 } .timeline > li { display: grid; gap: 0 1.25rem; padding: .5rem 0 .5rem 1rem; border-left: .2rem solid var(--edge, var(--line)); border-bottom: 1px solid var(--line) }
@media (min-width: 44rem) { .timeline > li { grid-template-columns: 13rem minmax(0, 1fr) } }
.timeline .stamp span { white-space: nowrap } .timeline .stamp time { display: block } .timeline ul { margin: .25rem 0; padding-left: 1.25rem; font-size: .925rem } .timeline p { margin: .25rem 0 }
.timeline > .verdict > div:last-child, .timeline > .merged > div:last-child, .timeline > .exception > div:last-child { font-weight: 600 } .timeline ul { font-weight: 400 }
.timeline > .same, .timeline > .published { color: var(--muted) }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1rem } figure { margin: 0; border: 1px solid var(--line); border-radius: .5rem; padding: .75rem }
.plot { display: block; width: 100%; height: auto } .plot text { font: 10px system-ui, sans-serif; fill: var(--muted) } .plot path { fill: none; stroke-width: 2 }
.plot .grid { stroke: var(--line); stroke-width: 1 } .plot path.p95 { stroke: var(--accent) } .plot circle { fill: var(--accent) } .plot path.p50 { stroke: var(--muted); stroke-dasharray: 3 3 } .plot .failures { fill: var(--bad) }
.key { margin-left: .75rem } .key::before { content: ''; display: inline-block; width: 1rem; height: .2rem; margin-right: .35rem; vertical-align: middle; background: var(--accent) } .key.p50::before { background: repeating-linear-gradient(90deg, var(--muted) 0 3px, transparent 3px 6px) } .key.failures::before { height: .55rem; width: .6rem; background: var(--bad); clip-path: polygon(50% 0, 100% 100%, 0 100%) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .925rem } caption { text-align: left; color: var(--muted); font-size: .875rem; padding-bottom: .25rem } th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; overflow-wrap: normal } thead th { font-weight: 600 }
meter { width: 5rem; height: .8rem; vertical-align: middle } .hash { overflow-wrap: anywhere }
footer { margin-top: 3rem; font-size: .875rem; color: var(--muted) }
`
