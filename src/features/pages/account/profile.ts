import { show } from '../page.ts';
import { accountPage, again } from './account-page.ts';

const PATH = '/account/profile';

export const profile = accountPage({
  id: 'accountProfilePage',
  path: PATH,
  name: 'profile',
  show({ fed: { me }, services: { languages } }) {
    const chosen: string | null = me.user.language;
    // An app may have set a language that pages have no words in.
    const others = chosen === null || languages.includes(chosen) ? [] : [chosen];
    return show({ data: { languages: [...languages, ...others] } });
  },
  forms: {
    save: {
      runs: 'updateMe',
      input: ({ fields: { name = '', username, language } }) => ({
        body: { name, username: username || null, language: language || null },
      }),
      next: again(PATH, 'saved'),
    },
  },
});
