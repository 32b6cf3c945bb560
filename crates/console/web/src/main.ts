import { createPinia } from "pinia";
import { createApp } from "vue";
import "element-plus/es/components/base/style/css";
import "element-plus/theme-chalk/dark/css-vars.css";
import "element-plus/es/components/message/style/css";
import "element-plus/es/components/message-box/style/css";
import "./style.css";
import App from "./App.vue";
import { router } from "./router";
import { useTheme } from "./stores/theme";
import { i18n, language, setLanguage } from "./words";

setLanguage(language());
const app = createApp(App).use(createPinia()).use(i18n);
useTheme();
app.use(router).mount("#app");
