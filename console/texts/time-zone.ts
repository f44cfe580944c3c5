export const timeZone = {
  ru: { label: 'Часовой пояс', hint: 'По нему мы пишем время в письмах.' },
  en: { label: 'Time zone', hint: 'Times in letters follow it.' },
};
