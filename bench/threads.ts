// npm run measure:threads -- DIR TRUTH [--orders 20] [--seed 1]: reads the mails of DIR (*.eml), delivers them to the CRM in random
// orders and compares the threads it makes with the truth (JSON lines: id, at, thread, parent). Ends with 1 where a goal is missed.
import { parseArgs } from 'node:util';
import { measureRecall, readCorpus, type Recall } from './thread-recall.ts';

const { values, positionals } = parseArgs({
  options: { orders: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const [directory, truth] = positionals;
if (directory === undefined || truth === undefined) {
  console.error('npm run measure:threads -- DIR TRUTH [--orders 20] [--seed 1]');
  process.exit(2);
}
/** Percent of joinable replies; wrong joins. */
const goal = { found: 99.6, wrong: 0 };

const corpus = await readCorpus(directory, truth);
console.log(`${corpus.mails.size} mails, read at ${Math.round(corpus.readPerSecond)} mails/s`);
const columns = ['seed', 'replies', 'found %', 'to the very mail %', 'wrong', 'threads', 'mails/s'];
console.log(columns.join('  '));
const percent = (part: number, of: number) => (of === 0 ? '100.00' : ((100 * part) / of).toFixed(2));
const show = (name: string, { replies, found, nearest, wrong, threads, perSecond }: Recall) => {
  const cells = [replies, percent(found, replies), percent(nearest, replies), wrong, threads, Math.round(perSecond)];
  console.log([name, ...cells].map((cell, index) => String(cell).padStart(columns[index]?.length ?? 0)).join('  '));
};
const first = Number(values.seed);
const recalls: Recall[] = [];
for (let seed = first; seed < first + Number(values.orders); seed += 1) {
  const recall = await measureRecall(corpus, seed);
  show(String(seed), recall);
  recalls.push(recall);
}
const least = (of: keyof Recall) => Math.min(...recalls.map((recall) => recall[of]));
const worst = {
  replies: least('replies'),
  found: least('found'),
  nearest: least('nearest'),
  perSecond: least('perSecond'),
};
show('worst', { ...worst, wrong: Math.max(...recalls.map(({ wrong }) => wrong)), threads: least('threads') });
const met = recalls.every(({ found, replies, wrong }) => (100 * found) / replies >= goal.found && wrong <= goal.wrong);
console.log(`goal: ${goal.found} % found in any order, ${goal.wrong} wrong: ${met ? 'met' : 'missed'}`);
process.exit(met ? 0 : 1);
