// Written from docs/playing-contract.md alone, without any library: draws what docs/conformance.json asks for.
// Prints how many answers are equal; exits 1 where one is not.

import { readFileSync } from "node:fs";

const file = JSON.parse(readFileSync(process.argv[2], "utf8"));
const failures = [];
const equal = (what, found, wanted) => {
  const same = JSON.stringify(found) === JSON.stringify(wanted);
  if (!same) failures.push(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  return same;
};

// Random numbers ---------------------------------------------------------------------------------------------

function product(a, b) {
  const whole = BigInt(a) * BigInt(b);
  return [Number(whole >> 32n), Number(whole & 0xffffffffn)];
}

function philox(counter, key) {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = product(c0, 0xd2511f53);
    const [high1, low1] = product(c2, 0xcd9e8d57);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

function uniform(seed, output, event, field) {
  const key = [Number(seed & 0xffffffffn), Number(seed >> 32n)];
  const words = philox([event, output, Math.floor(field / 4), 0], key);
  return (words[field % 4] + 0.5) / 2 ** 32;
}

// The draw ---------------------------------------------------------------------------------------------------

function draw(logP, u, { temperature, top_k, top_p }) {
  const best = Math.max(...logP);
  if (best === -Infinity) throw new Error("the rules leave nothing");
  if (temperature === 0) return logP.indexOf(best);
  const subtract = logP instanceof Float32Array ? (x) => Math.fround(x - best) : (x) => x - best;
  const weights = Array.from(logP, (x) => (x === -Infinity ? 0 : Math.exp(subtract(x))));
  if (top_k > 0 && top_k < weights.length) {
    const least = [...weights].sort((a, b) => b - a)[top_k - 1];
    weights.forEach((w, i) => { if (w < least) weights[i] = 0; });
  }
  if (top_p < 1) {
    const falling = [...weights].sort((a, b) => b - a);
    const sums = running(falling);
    const least = falling[sums.findIndex((sum) => sum >= top_p * sums.at(-1))];
    weights.forEach((w, i) => { if (w < least) weights[i] = 0; });
  }
  const sums = running(weights);
  return sums.findIndex((sum) => sum > u * sums.at(-1));
}

function running(numbers) {
  let sum = 0;
  return numbers.map((x) => (sum += x));
}

// Grammar ----------------------------------------------------------------------------------------------------

const inside = (runs, id) => runs.some(([a, b]) => id >= a && id < b);

class Rule {
  constructor(table) {
    this.fields = table.fields;
    this.state = 0;
  }
  allows(field, id) {
    return !inside(this.fields[field].forbidden[this.state], id);
  }
  hear(field, id) {
    const led = this.fields[field].leads[this.state].find(([a, b]) => id >= a && id < b);
    if (led) this.state = led[2];
  }
}

// A piece ----------------------------------------------------------------------------------------------------

function piece(situation, output, rows) {
  const rules = situation.rules.map((table) => new Rule(table));
  const seed = BigInt(situation.seed);
  const opening = [];
  let first = 0;
  situation.sizes.forEach((size, field) => {
    for (let id = 0; id < size; id++) {
      const p = situation.opening[first + id] + situation.opening_floor;
      opening.push(inside(situation.known[field], id) ? Math.log(p) : -Infinity);
    }
    first += size;
  });
  const said = [opening, ...rows.map((row) => Float32Array.from(row, (x) => (x === null ? -Infinity : x)))];
  return said.map((logP, event) => {
    let begin = 0;
    return situation.sizes.map((size, field) => {
      const part = logP.slice(begin, begin + size);
      begin += size;
      for (let id = 0; id < size; id++) {
        const allowed = rules.every((rule) => rule.allows(field, id));
        if (!allowed || (event === 0 && !inside(situation.first[field], id))) part[id] = -Infinity;
      }
      const id = draw(part, uniform(seed, output, event, field), situation);
      for (const rule of rules) rule.hear(field, id);
      return id;
    });
  });
}

// Prompts and keys -------------------------------------------------------------------------------------------

const SCALE = [0, 2, 4, 5, 7, 9, 11];
const mod12 = (n) => ((n % 12) + 12) % 12;

function halfToEven(x) {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

function semitones({ pitches, min_pitch, max_pitch, key }) {
  if (key === null || !pitches.length) return 0;
  const fits = Array.from({ length: 12 }, (_, k) => pitches.filter((p) => SCALE.includes(mod12(p - k))).length);
  const d = key - fits.indexOf(Math.max(...fits));
  const c = (Math.min(...pitches) + Math.max(...pitches)) / 2 + d;
  return d + 12 * halfToEven(((min_pitch + max_pitch - 1) / 2 - c) / 12);
}

const way = ({ k, key, n }) => n + mod12(k - key - n + 6) - 6;

// ------------------------------------------------------------------------------------------------------------

for (const { counter, key, words } of file.philox) equal("philox", philox(counter, key), words);
for (const { seed, output, event, field, u } of file.uniform)
  equal("uniform", uniform(BigInt(seed), output, event, field), u);
let same = 0, all = 0;
for (const situation of file.draws) {
  situation.outputs.forEach((output, row) => {
    const found = piece(situation, output, situation.rows[row]);
    const { name, temperature, top_k, top_p } = situation;
    found.forEach((ids, event) => {
      all += 1;
      same += equal(`${name} ${temperature} ${top_k} ${top_p} event ${event}`, ids, situation.events[row][event]);
    });
  });
}
for (const move of file.moves) equal(`move of ${move.pitches}`, semitones(move), move.semitones);
for (const asked of file.ways) equal(`way to ${asked.asked}`, way(asked), asked.semitones);
console.log(`${same} of ${all} events equal`);
if (failures.length) {
  console.error(failures.join("\n"));
  process.exit(1);
}
