#!/usr/bin/env node
import '../dist/cluster-test/main.js'
