import { createContext, useContext } from 'react';
import { momentsFor, type Moments } from '../model/moments.ts';
import { textsFor, type Texts } from './texts.ts';

/** How the pane speaks: the one thing every component needs and none is handed from its parent. */
export interface Language {
  readonly texts: Texts;
  readonly moments: Moments;
  readonly direction: 'ltr' | 'rtl';
}

const rightToLeft = new Set(['ar', 'dv', 'fa', 'he', 'ku', 'ps', 'sd', 'ug', 'ur', 'yi']);

export function languageFor(tag: string): Language {
  return {
    texts: textsFor(tag),
    moments: momentsFor(tag),
    direction: rightToLeft.has(tag.split('-')[0]?.toLowerCase() ?? '') ? 'rtl' : 'ltr',
  };
}

const LanguageContext = createContext<Language>(languageFor('en'));
export const LanguageProvider = LanguageContext.Provider;

export function useLanguage(): Language {
  return useContext(LanguageContext);
}
