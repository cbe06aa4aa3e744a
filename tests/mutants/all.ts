/** All careless changes, by the folder that they are made in. */

import { DECODER } from "./decoder.ts";
import { MAPPER } from "./mapper.ts";
import { REPOSITORY } from "./repository.ts";

export const MUTANTS = [...DECODER, ...MAPPER, ...REPOSITORY];
