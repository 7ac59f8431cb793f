import { count } from './format.mjs';

const WIDTH = 720;
const BAR = { left: 270, height: 18, between: 3, gap: 16, top: 56 };
const LONGEST = WIDTH - BAR.left - 90;
/** Of the bars of one name, from the first version of Node to the last. */
const OPACITIES = [1, 0.6];

/**
 * Bars as SVG without a background; the colours are legible on white and on black.
 *
 * @param {string[]} nodes the versions of Node
 * @param {{ name: string, values: number[], ours?: boolean }[]} bars a value for each version
 */
export function chart(nodes, bars) {
  const most = Math.max(...bars.flatMap(({ values }) => values));
  const groupHeight = nodes.length * (BAR.height + BAR.between) + BAR.gap;
  const height = BAR.top + bars.length * groupHeight;
  const drawn = bars.flatMap(({ name, values, ours }, group) => {
    const top = BAR.top + group * groupHeight;
    const middle = top + (groupHeight - BAR.gap) / 2 + 4;
    const label = `  <text x="${BAR.left - 12}" y="${middle}" text-anchor="end">${escape(name)}</text>`;
    const shapes = values.map((value, place) => {
      const y = top + place * (BAR.height + BAR.between);
      const width = Math.max(2, Math.round((LONGEST * value) / most));
      return `  <rect x="${BAR.left}" y="${y}" width="${width}" height="${BAR.height}" rx="3" fill="${ours ? '#2f81f7' : '#8b949e'}" opacity="${OPACITIES[place]}"/>
  <text x="${BAR.left + width + 8}" y="${y + BAR.height / 2 + 5}">${count(value)}</text>`;
    });
    return [label, ...shapes];
  });
  const summary = bars.map(({ name, values }) => `${name}: ${values.map(count).join(' and ')} a second`).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
  <title id="title">${escape(summary)}</title>
  <style>text { font: 14px system-ui, sans-serif; fill: #768390; } .title { font-weight: 600; }</style>
  <text class="title" x="${BAR.left}" y="30">Verifications a second on one core, ${escape(nodes.join(' and '))}</text>
${drawn.join('\n')}
</svg>
`;
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
