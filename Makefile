# One target each for running, testing, checking and measuring. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help up test search proof guest check bench cards docs sounds screenshots release release-key clean

# Which Python to build .venv with, further extras (kiosk-hid,kiosk-gpio), words for the command.
PYTHON ?= python3
EXTRAS ?=
ARGS ?=

prepare = @$(PYTHON) -m provisioning.bootstrap $(1) --extras="$(EXTRAS)"

help: ## 列出目标 / list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

up: ## 在本机运行：MQTT、中心、一台终端 / run broker, hub and a kiosk here (ARGS="--hub-port 8090")
	$(call prepare,up)
	@exec .venv/bin/yicang up $(ARGS)

test: ## 日常测试 / the everyday suite, under 10 minutes (ARGS="tests/unit -k codes")
	$(call prepare,test)
	.venv/bin/python -m pytest -m "not proof and not guest" -n auto --dist loadfile $(ARGS)

search: ## 换一批随机例子 / the suite's properties with examples nobody has tried yet
	$(call prepare,test)
	.venv/bin/python -m pytest -m "hypothesis and not guest" --hypothesis-profile search -n auto --dist loadfile $(ARGS)

proof: ## 长时间验证 / the long proofs: kill -9 two hundred times and the like
	$(call prepare,proof)
	.venv/bin/python -m pytest -m proof $(ARGS)
	.venv/bin/python -m pytest -m "not proof and not guest" --database postgresql -n auto --dist loadfile

guest: ## 虚拟机里的终端 / a kiosk on a kernel of its own, under QEMU (root; docs/running.md)
	$(call prepare,test)
	.venv/bin/python -m pytest -m guest tests/guest $(ARGS)

check: ## 代码与类型检查 / linters and types
	$(call prepare,check)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

bench: ## 性能比值 / ratios against the floor, one interleaved run
	$(call prepare,bench)
	.venv/bin/python -m bench $(ARGS)

cards: ## 打印用卡片 / write cards.pdf
	$(call prepare,up)
	.venv/bin/yicang provision cards --out cards.pdf $(ARGS)

docs: ## 重新生成文档 / regenerate what docs/ takes from the code
	$(call prepare,check)
	.venv/bin/python -m contract docs
	.venv/bin/python -m kiosk.diagram docs/architecture.md
	.venv/bin/python -m drivers.pages docs/panel.md docs/voices.md docs/operate.md docs/operate.zh.md

sounds: ## 重新合成占位语音 / speak the placeholder prompts anew (needs espeak-ng and sox)
	$(call prepare,up)
	.venv/bin/python -m provisioning.voices

screenshots: ## 页面截图 / pictures of the pages of hub and kiosk into screenshots/, zh and en
	$(call prepare,test)
	.venv/bin/python -m tests.browser.screenshots $(ARGS)

release: ## 发布包 / a signed release of the last commit (ARGS="--key FILE --target kiosk")
	$(call prepare,check)
	@.venv/bin/python -m provisioning.release build $(ARGS)

release-key: ## 签名密钥 / the pair of keys that signs releases (ARGS="--out FOLDER")
	$(call prepare,check)
	@.venv/bin/python -m provisioning.release key $(ARGS)

clean: ## 删除 .venv 与缓存（不删数据） / remove .venv and caches, never data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
