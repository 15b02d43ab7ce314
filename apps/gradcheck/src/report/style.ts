/** The style of the page. */
export const style = `
:root { color-scheme: light dark; --ink: #1c2430; --faint: #5d6879; --paper: #f6f7f9; --card: #fff; --line: #e3e6eb;
  --accent: 59, 111, 212; --bad: #b83430; --good: #25794b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --faint: #98a2b3; --paper: #12151b; --card: #1a1f27;
  --line: #2b323d; --accent: 122, 165, 255; --bad: #f4736c; --good: #40b076; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 92rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; display: grid; gap: 1.25rem; }
h1, h2, h3 { margin: 0; line-height: 1.2; } h1 { font-size: 1.8rem; } h2 { font-size: 1.05rem; } h3 { font-size: 0.95rem; }
p { margin: 0.3rem 0 0; color: var(--faint); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.1rem 1.3rem; min-width: 0; }
code, pre { font: 0.84rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { margin: 0.3rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.bad { color: var(--bad); } .good { color: var(--good); }
.broken { border-color: var(--bad); }
.broken dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.35rem 1.2rem; margin: 0.8rem 0 0; }
.broken dt { color: var(--faint); } .broken dd { margin: 0; min-width: 0; } .broken pre { margin: 0; }
.laws { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); padding: 0; border: 0; background: none; }
.laws p { font-size: 0.86rem; }
svg { display: block; width: 100%; height: auto; margin-top: 0.6rem; font: 13px system-ui, "DejaVu Sans", sans-serif; fill: var(--faint); }
svg rect { fill: rgb(var(--accent)); } svg .axis { stroke: var(--line); } svg .allowed { stroke: var(--bad); stroke-dasharray: 3 3; }
svg .beyond { fill: var(--bad); opacity: 0.12; }
.bar { display: flex; flex-wrap: wrap; gap: 0.6rem 1.2rem; align-items: center; margin: 0.7rem 0; color: var(--faint); }
input[type=search] { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 8px;
  padding: 0.3rem 0.7rem; width: min(22rem, 100%); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.84rem; }
th, td { padding: 0.18rem 0.55rem; text-align: right; white-space: nowrap; }
th { padding: 0; } th:first-child, td:first-child { text-align: left; }
tbody tr:hover td:first-child { color: rgb(var(--accent)); }
th button { font: inherit; font-weight: 600; color: var(--faint); background: none; border: 0; padding: 0.3rem 0.55rem; cursor: pointer; }
th button:hover, th[aria-sort] button { color: var(--ink); }
th[aria-sort=ascending] button::after { content: " ▲"; } th[aria-sort=descending] button::after { content: " ▼"; }
details summary { cursor: pointer; font-weight: 600; } details dl { margin: 0.6rem 0 0; } details dt { color: var(--faint); }
details dd { margin: 0 0 0.6rem; }
`
