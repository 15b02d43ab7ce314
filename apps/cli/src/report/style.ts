/** How the report looks, by day and by night. */
export const style = `
:root { color-scheme: light dark; --ink: #1c2430; --faint: #667085; --paper: #f6f7f9; --card: #ffffff; --line: #e3e6eb;
  --accent: #3b6fd4; --good: 46, 140, 90; --bad: 214, 69, 65; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --faint: #98a2b3; --paper: #12151b; --card: #1a1f27;
  --line: #2b323d; --accent: #7aa5ff; --good: 64, 176, 118; --bad: 240, 101, 96; } .ink img { filter: invert(1); border-color: #d4cdc2 !important; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "DejaVu Sans", sans-serif; }
main { max-width: 76rem; grid-auto-flow: row dense; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; display: grid; gap: 1.25rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
header, .wide { grid-column: 1 / -1; }
header { display: flex; flex-wrap: wrap; align-items: flex-end; justify-content: space-between; gap: 1rem 3rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 0 0 0.9rem; font-size: 1.05rem; }
p { margin: 0.3rem 0 0; color: var(--faint); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.4rem; min-width: 0; }
.numbers { display: flex; flex-wrap: wrap; gap: 0.5rem 2.5rem; }
.numbers div { display: flex; flex-direction: column-reverse; }
.numbers dd { margin: 0; font-size: 1.9rem; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }
.numbers dt { color: var(--faint); font-size: 0.85rem; }
dl { margin: 0; }
svg { width: 100%; height: auto; font: 15px system-ui, "DejaVu Sans", sans-serif; overflow: visible; }
.matrix { width: 100%; border-collapse: separate; border-spacing: 2px; table-layout: fixed; font-size: 0.82rem;
  font-variant-numeric: tabular-nums; text-align: center; }
.matrix th { font-weight: 600; color: var(--faint); padding: 0.2rem 0; }
.matrix td { padding: 0.62rem 0; border-radius: 5px; }
.matrix tr > :first-child { width: 3.2rem; } .matrix tr > :last-child { width: 4.2rem; white-space: nowrap; color: var(--faint); }
.matrix td.none { color: transparent; }
.matrix.long tr > :first-child { width: 5.4rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: left; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(calc(var(--size) + 1rem), 1fr)); gap: 1rem 0.75rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; margin: 0 0 0.2rem; padding: 0; list-style: none; font-size: 0.85rem; }
.legend i { display: inline-block; width: 0.8rem; height: 0.8rem; border-radius: 3px; margin-right: 0.4rem; vertical-align: -0.08rem; }
.verdicts { display: flex; flex-wrap: wrap; gap: 0.4rem 0.6rem; margin: 0.7rem 0 0; padding: 0; list-style: none; font-size: 0.85rem; }
.verdicts li { padding: 0.1rem 0.7rem; border-radius: 1rem; background: rgba(var(--good), 0.16); }
.verdicts .missed { background: rgba(var(--bad), 0.18); }
.text { margin: -0.4rem 0 0.8rem; font-size: 0.92rem; }
.scroll { overflow-x: auto; }
.plain { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.95rem; }
.plain th, .plain td { padding: 0.42rem 0.9rem 0.42rem 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
.plain th:first-child { text-align: left; font-weight: 600; } .plain thead th { color: var(--faint); font-weight: 600; }
.plain .words { text-align: left; } .plain td.words:last-child { white-space: normal; min-width: 10rem; }
.plain tbody tr:last-child > * { border-bottom: 0; }
figure { margin: 0; text-align: center; font-size: 0.85rem; }
figure img { width: 100%; max-width: var(--size); height: auto; image-rendering: pixelated; border-radius: 8px; border: 1px solid var(--line); }
figcaption b { font-size: 1rem; }
figcaption span { display: block; color: var(--faint); font-size: 0.78rem; font-variant-numeric: tabular-nums; }
.facts { display: grid; column-gap: 3rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
.facts div { display: flex; justify-content: space-between; gap: 1.5rem; padding: 0.42rem 0; border-bottom: 1px solid var(--line); }
.facts dt { color: var(--faint); white-space: nowrap; }
.facts dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
@media (max-width: 36rem) { main { padding: 1.5rem 0.75rem 3rem; } section { padding: 1rem; }
  .matrix { font-size: 0.66rem; border-spacing: 1px; } .matrix tr > :first-child { width: 1.9rem; }
  .matrix tr > :last-child { width: 2.9rem; } .numbers { gap: 0.5rem 1.5rem; } .numbers dd { font-size: 1.5rem; } }
`
