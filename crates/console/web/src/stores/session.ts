/** Who is signed in and what they may do. */

import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { get, post, remove, signedOut, type Schemas } from "../api/http";

export type Me = Schemas["Me"];

export const useSession = defineStore("session", () => {
  const me = ref<Me | null>(null);
  const rights = computed(() => new Set(me.value?.rights ?? []));
  const actions = computed(() => new Set(me.value?.actions ?? []));

  /** Whether the person has a right; pages and buttons without it are not shown. The service decides all the same. */
  const may = (right: string | string[]) => [right].flat().some((one) => rights.value.has(one));
  const mayAct = (action: string) => actions.value.has(action);

  async function load(): Promise<boolean> {
    try {
      me.value = await get<Me>("/me");
      signedOut.value = false;
    } catch {
      me.value = null;
    }
    return me.value !== null;
  }

  async function signIn(name: string, password: string, code: string | null): Promise<void> {
    await post("/session", { name, password, code });
    await load();
  }

  async function redeem(ticket: string): Promise<void> {
    await post("/session/ticket", { ticket });
    await load();
  }

  async function signOut(): Promise<void> {
    await remove("/session");
    me.value = null;
    location.assign("/");
  }

  return { me, rights, actions, may, mayAct, load, signIn, redeem, signOut };
});
