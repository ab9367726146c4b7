import { type Body, type Call, type PageDefinition, show, type Visit } from '../page.ts';

/** Account pages lead to one another, and not on to an app. */
const NO_FLOW = { returnTo: null, transport: 'cookie', challengeId: null } as const;

type AccountPage = Omit<PageDefinition, 'words' | 'template' | 'forUsers'> & {
  /** The name of its words and its template. */
  readonly name: string;
};

/** A page about the account of a user who is signed in, with the way back to the overview. */
export function accountPage({ name, feeds, show: showMore, ...page }: AccountPage): PageDefinition {
  return {
    ...page,
    words: `pages.account.${name}`,
    template: `account/${name}`,
    forUsers: true,
    feeds: { me: 'getMe', ...feeds },
    async show(visit) {
      const next = (await showMore?.(visit)) ?? show({});
      return 'lead' in next ? next : show({ ...next.show, data: { inAccount: true, ...next.show.data } });
    },
  };
}

/** Leads to the page again, with a notice of what has been done. */
export const again =
  (path: string, notice: string) =>
  (_body: Body, { services }: Visit) => ({ lead: services.flows.to(path, NO_FLOW, { notice }) });

/** A feed that is null for a session that can only set up a second factor, which the route refuses. */
export const unlessEnrolling = (id: string): (() => Call) => {
  return () => ({ id, noneFor: ['factor_enrolment_required'] });
};
