/**
 * One question for all who ask in the same breath.
 * @param askAll answers in the order asked
 * @param breath runs what it is given when everything that is ready to run has run
 * @param alone whether a failure may be the fault of one question: then each is asked by itself
 */
export function askTogether<Question, Answer>(
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  breath: (go: () => void) => void,
  alone: (error: unknown) => boolean = () => false,
): (question: Question) => Promise<Answer> {
  interface Waiting {
    readonly question: Question;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];

  const answer = async (asked: readonly Waiting[]): Promise<void> => {
    try {
      const answers = await askAll(asked.map(({ question }) => question));
      if (answers.length !== asked.length) throw new Error('There is not an answer for every question.');
      for (const [index, given] of answers.entries()) asked[index]?.resolve(given);
    } catch (error) {
      if (asked.length > 1 && alone(error)) for (const one of asked) await answer([one]);
      else for (const { reject } of asked) reject(error);
    }
  };
  const go = (): void => {
    const asked = waiting;
    waiting = [];
    void answer(asked);
  };
  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      if (waiting.length === 1) breath(go);
    });
}
