/** The names of operators, asked for once by whoever shows ids. */

import { onMounted, shallowRef, type ShallowRef } from "vue";
import { all } from "../api/http";
import { complain } from "./say";

type Row = { operator: string; name: string };

/** By id, as far as one may see; empty until they are there. */
export function useOperators(): ShallowRef<ReadonlyMap<string, string>> {
  const names = shallowRef<ReadonlyMap<string, string>>(new Map());
  onMounted(async () => {
    try {
      names.value = new Map((await all<Row>("/operators")).map(({ operator, name }) => [operator, name]));
    } catch (error) {
      complain(error);
    }
  });
  return names;
}
