CREATE TABLE `orchestration_pipelinedefinition` (`id` bigint AUTO_INCREMENT NOT NULL PRIMARY KEY, `name` varchar(255) NOT NULL UNIQUE, `description` longtext NOT NULL, `version` integer UNSIGNED NOT NULL CHECK (`version` >= 0), `config` json NOT NULL, `tags` json NOT NULL, `is_active` bool NOT NULL, `created_by` varchar(255) NOT NULL, `created_at` datetime(6) NOT NULL, `updated_at` datetime(6) NOT NULL);
CREATE INDEX `orchestration_pipelinedefinition_is_active_53ad3aa7` ON `orchestration_pipelinedefinition` (`is_active`);
CREATE INDEX `orchestrati_name_cc0298_idx` ON `orchestration_pipelinedefinition` (`name`, `is_active`);
CREATE TABLE `notify_notificationchannel` (`id` bigint AUTO_INCREMENT NOT NULL PRIMARY KEY, `name` varchar(100) NOT NULL UNIQUE, `driver` varchar(50) NOT NULL, `config` json NOT NULL, `is_active` bool NOT NULL, `description` longtext NOT NULL, `created_at` datetime(6) NOT NULL, `updated_at` datetime(6) NOT NULL);
CREATE INDEX `notify_notificationchannel_driver_0ac8bd6c` ON `notify_notificationchannel` (`driver`);
CREATE INDEX `notify_notificationchannel_is_active_e8092da5` ON `notify_notificationchannel` (`is_active`);
