import { count } from './format.mjs';

const WIDTH = 720;
const BAR = { left: 270, height: 26, gap: 16, top: 56 };
const LONGEST = WIDTH - BAR.left - 90;

/**
 * Bars as SVG, on no background: the colours are read on white and on black alike.
 *
 * @param {{ name: string, value: number, ours?: boolean }[]} bars
 */
export function chart(bars) {
  const most = Math.max(...bars.map(({ value }) => value));
  const height = BAR.top + bars.length * (BAR.height + BAR.gap);
  const drawn = bars.map(({ name, value, ours }, place) => {
    const y = BAR.top + place * (BAR.height + BAR.gap);
    const width = Math.max(2, Math.round((LONGEST * value) / most));
    const middle = y + BAR.height / 2 + 5;
    return `  <text x="${BAR.left - 12}" y="${middle}" text-anchor="end">${escape(name)}</text>
  <rect x="${BAR.left}" y="${y}" width="${width}" height="${BAR.height}" rx="3" fill="${ours ? '#2f81f7' : '#8b949e'}"/>
  <text x="${BAR.left + width + 8}" y="${middle}">${count(value)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
  <title id="title">${escape(bars.map(({ name, value }) => `${name}: ${count(value)} a second`).join('; '))}</title>
  <style>text { font: 14px system-ui, sans-serif; fill: #768390; } .title { font-weight: 600; }</style>
  <text class="title" x="${BAR.left}" y="30">Verifications a second, one core</text>
${drawn.join('\n')}
</svg>
`;
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
