#!/usr/bin/env node
import '../dist/hostile/main.js'
