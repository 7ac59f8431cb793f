const IN_PACKAGE = /node_modules\/((?:@[^/]+\/)?[^/]+)/;
const IN_PRODUCT = /dist\/src\/([\w.-]+)/;
/** Waiting, and the start of the profiler itself: `dispatch` on Node 20, `post` on Node 24. */
const isNoWork = ({ functionName, url }) =>
  functionName === '(idle)' || functionName === 'dispatch' || (functionName === 'post' && url === 'node:inspector');

/**
 * Where the time of a CPU profile went: by function (its own time), and by owner: the frame
 * of the product or its packages that is nearest to the top of the stack, so that Node's own code
 * counts for its caller.
 *
 * @param {object} profile as the inspector gives it
 * @returns {{ functions: [name: string, share: number][], owners: [name: string, share: number][]
 * }}
 */
export function digest(profile) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const [functions, owners] = [new Map(), new Map()];
  let total = 0;
  profile.samples.forEach((id, place) => {
    const node = nodes.get(id);
    if (isNoWork(node.callFrame)) return;
    const time = profile.timeDeltas[place];
    total += time;
    add(functions, nameOf(node.callFrame), time);
    add(owners, ownerOf(node, nodes, parents), time);
  });
  return { functions: shares(functions, total), owners: shares(owners, total) };
}

function ownerOf(node, nodes, parents) {
  if (node.callFrame.functionName === '(garbage collector)') return 'garbage collector';
  for (let at = node; at !== undefined; at = nodes.get(parents.get(at.id))) {
    const { url } = at.callFrame;
    const owner = IN_PRODUCT.exec(url)?.[1] ?? IN_PACKAGE.exec(url)?.[1];
    if (owner !== undefined) return IN_PRODUCT.test(url) ? `src/${owner}` : owner;
  }
  return 'Node itself';
}

function nameOf({ functionName, url, lineNumber }) {
  const file = url.replace(/^.*\/(?:node_modules\/|dist\/|(?=bench\/))/, '');
  return `${functionName || '(anonymous)'}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
}

function add(map, name, time) {
  map.set(name, (map.get(name) ?? 0) + time);
}

/** @returns {[name: string, share: number][]} the greatest first */
function shares(times, total) {
  const found = [...times].map(([name, time]) => /** @type {[string, number]} */ ([name, time / total]));
  return found.sort(([, a], [, b]) => b - a);
}
