/**
 * Histories that tests of public checkers use, with what those say of them, in the short form of
 * `registerHistory`. Those of Jepsen's etcd test of 2014 begin each process anew after an unknown outcome.
 */
export interface PublicHistory {
  readonly name: string;
  readonly isLinearizable: boolean;
  readonly text: string;
}

export const PUBLIC_HISTORIES: readonly PublicHistory[] = [
  // anishathalye/porcupine, TestRegisterModel and TestZeroDuration; its register holds 0 at first.
  {
    name: 'porcupine: reads of 100 and 0 while 100 is written',
    isLinearizable: true,
    text: '0?w0 0! 1?w1 2?r 3?r 3!0 2!1 1!',
  },
  { name: 'porcupine: 0 is read behind 200', isLinearizable: false, text: '0?w0 0! 1?w2 2?r 2!2 3?r 3!0 1!' },
  {
    name: 'porcupine: reads that take no time',
    isLinearizable: true,
    text: '0?w0 0! 1?w1 2?r 3?r 3!0 4?r 4!0 2!1 1!',
  },
  {
    name: 'porcupine: reads that take no time, then the past',
    isLinearizable: false,
    text: '0?w0 0! 1?w2 2?r 2!2 3?r 3!2 4?r 4!0 1!',
  },
  // jepsen-io/knossos, data/cas-register.
  { name: 'knossos: rethink-fail-minimal', isLinearizable: false, text: '0?w0 0! 1?r 2?w4 1!3 2! 3?r 3!4' },
  {
    name: 'knossos: bad-analysis',
    isLinearizable: false,
    text: '4?w2 4! 6?r 1?w4 1! 14?r 14!4 9?w0 9! 19?r 20?w1 19!0 22?r 21?r 21!2 22!3',
  },
  { name: 'knossos: immediate-failure', isLinearizable: false, text: '1?r 101?w3 101- 1!3' },
  {
    name: 'knossos: cas-register-bug',
    isLinearizable: true,
    text: '4?w2 4! 6?r 1?w4 1! 14?r 14!4 9?w0 9! 19?r 19!0',
  },
  {
    name: 'porcupine: jepsen/etcd_000',
    isLinearizable: false,
    text: `
  0?r 3?r 2?w4 1?w2 4?w3 3!n 0!n 4! 1! 2! 3?w3 0?r 0!3 3! 4?r 4!3 1?r 1!3 2?c30 2! 0?w2 3?r 0! 3!0 4?r 4!2
  1?c03 2?c00 1- 2- 0?c21 3?r 3!2 0! 4?r 4!1 1?r 1!1 2?r 2!1 3?w0 0?c13 3! 4?w2 0- 4! 1?r 1!2 2?c11 2-
  3?c00 0?r 0!2 4?w1 3- 1?c21 2?w2 2! 0?c14 3?w3 4~ 0- 3! 1~ 2?w2 9?w3 0?r 0!3 2! 3?c34 3- 6?c11 9~ 0?w1
  0! 2?c00 2- 3?c22 6~ 3- 14?w4 0?c43 0- 2?w0 11?r 11!2 2! 3?w2 3! 14~ 0?w1 11?c21 2?c03 3?r 3!2 19?r 19!2
  0~ 11~ 2~ 3?r 3!2 19?c13 19! 5?w0 16?c43 7?c12 5! 7- 16- 3?c42 3- 19?c01 19! 5?c40 7?c14 16?r 16!1 3?c13
  3- 5! 7! 19?c20 19- 16?r 16!0 3?r 3!0 5?r 7?c42 5!0 7- 19?c23 19- 16?c41 3?w4 5?w4 7?c02 19?r 19!0 16~
  3~ 5~ 7~ 19?w3 19! 21?c20 21- 8?w4 10?w2 10! 12?c44 19?w4 21?r 21!4 19! 8~ 10?c01 12~ 10- 21?c33 21-
  19?r 19!4 13?c22 17?c44 13~ 17~ 10?r 10!1`,
  },
  {
    name: 'porcupine: jepsen/etcd_002',
    isLinearizable: true,
    text: `
  4?r 4!n 1?w1 2?c24 3?c12 0?c14 1! 0- 2! 3! 4?w0 4! 1?w2 1! 0?r 0!2 2?c02 3?c23 2- 3! 4?r 4!3 1?w3 1!
  0?w2 2?w0 0! 2! 3?c04 3! 4?c34 4- 1?w1 0?w3 0! 1! 2?r 2!3 3?r 3!3 4?r 4!3 0?c43 0- 1?c22 2?w3 1- 3?w2
  4?w2 4! 0?c14 0- 2~ 1?w3 1! 3~ 4?c30 4! 0?r 0!0 7?c31 1?w1 8?r 8!3 4?c40 1! 0?w2 0! 7~ 4- 8?c40 1?w0 1!
  0?w4 0! 12?w4 4?r 4!4 8~ 1?r 1!4 0?w2 12~ 0! 4?c30 4- 13?w3 1?w0 17?r 0?c21 17!3 4?w1 13~ 1~ 0~ 17?c01
  4~ 18?r 18!3 6?w3 5?w2 17~ 9?c22 18?w4 6~ 5~ 22?w1 9~ 18~ 11?w3 10?c11 22~ 14?w0 11! 23?c44 14! 10- 23-
  27?w1 11?w2 11! 14?c12 10?r 10!2 14- 23?r 23!0 27~ 11?w1 11! 10?r 10!1 14?w2 23?c23 32?c21 14! 11?w4 11!
  10?c11 10- 23~ 32~ 14?w4 14! 11?c24 11- 10?r 10!4 28?r 28!0 37?w3 37~ 14?r 14!4`,
  },
];
