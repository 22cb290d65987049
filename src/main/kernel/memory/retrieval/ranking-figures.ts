/** One question, what is right, and what was found, best first and each once. */
export interface RankedAnswer {
  readonly wanted: readonly string[]
  readonly found: readonly string[]
}

export interface RankingFigures {
  /** Mean of one over the rank of the first right one among ten; 0 where there is none. */
  readonly mrr10: number
  /** Mean share of the right ones that are among the first ten. */
  readonly recall10: number
  /** Share of questions with a right one among the first 1, 5, 10. */
  readonly accuracy1: number
  readonly accuracy5: number
  readonly accuracy10: number
}

export function rankingFigures(answers: readonly RankedAnswer[]): RankingFigures {
  const mean = (of: (answer: RankedAnswer) => number) =>
    answers.length === 0 ? 0 : answers.reduce((sum, answer) => sum + of(answer), 0) / answers.length
  const firstRight = ({ wanted, found }: RankedAnswer) => found.findIndex((path) => wanted.includes(path))
  const within = (most: number) =>
    mean((answer) => {
      const at = firstRight(answer)
      return at >= 0 && at < most ? 1 : 0
    })
  return {
    mrr10: mean((answer) => {
      const at = firstRight(answer)
      return at >= 0 && at < 10 ? 1 / (at + 1) : 0
    }),
    recall10: mean(({ wanted, found }) => {
      const top = found.slice(0, 10)
      return wanted.filter((path) => top.includes(path)).length / Math.max(1, wanted.length)
    }),
    accuracy1: within(1),
    accuracy5: within(5),
    accuracy10: within(10),
  }
}
