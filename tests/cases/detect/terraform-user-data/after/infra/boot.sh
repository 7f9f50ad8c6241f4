#!/bin/sh
echo more ${name}
